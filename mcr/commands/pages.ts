/** More would not be read by anybody. */
const mostPages = 1_000;

/** All items of a list that comes in pages. */
export async function allPages<Item>(
  read: (pageToken: string) => Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let pageToken = "";
  for (let page = 0; page < mostPages; page += 1) {
    const { items, nextPageToken } = await read(pageToken);
    all.push(...items);
    if (nextPageToken === "") break;
    pageToken = nextPageToken;
  }
  return all;
}
