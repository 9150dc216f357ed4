/** A place in a file that is imported. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What came of something in the file. `left-out`: a definition cannot say it. `changed`: it is said differently.
 * `problem`: without an answer the definition would not be valid. */
export type NoteKind = "left-out" | "changed" | "problem";

export interface Note extends Place {
  readonly kind: NoteKind;
  /** e.g. `services.web.labels` or `Container.Label` */
  readonly key: string;
  readonly message: string;
}

/** Most notes that are kept: a hostile file must not fill the memory. */
const mostNotes = 1_000;

/** Collects what cannot be carried over as it is. */
export class Report {
  readonly #notes = new Map<string, Note>();

  add(kind: NoteKind, { file, line }: Place, key: string, message: string): void {
    const note = { kind, file, line, key, message };
    if (this.#notes.size < mostNotes) this.#notes.set(JSON.stringify(note), note);
  }

  /** All notes by file and line, each once. */
  get notes(): readonly Note[] {
    return [...this.#notes.values()].toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  }
}
