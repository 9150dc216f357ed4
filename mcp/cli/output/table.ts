/** A column: its heading and how to get its text from a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  /** Applied after padding, so that colour codes do not disturb the layout. */
  readonly style?: (text: string, row: Row) => string;
}

const gap = "  ";

/** Lines of a table, headings first. Empty without rows. Columns are as wide as their widest text; the last one
 * is not padded. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => columns.map((column) => plain(column.text(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.heading.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const heading = columns.map((column, index) => column.heading.padEnd(widths[index] ?? 0));
  const body = rows.map((row, rowIndex) =>
    columns.map((column, index) => {
      const last = index === columns.length - 1;
      const text = (cells[rowIndex]?.[index] ?? "").padEnd(last ? 0 : (widths[index] ?? 0));
      return column.style === undefined ? text : column.style(text, row);
    }),
  );
  return [heading, ...body].map((line) => line.join(gap).trimEnd());
}

/** Text from elsewhere, safe to print on a terminal: control characters, which could drive it, become visible. */
export function plain(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
