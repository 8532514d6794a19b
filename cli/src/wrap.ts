/** Lines of at most `columns`, broken at blanks; the first begins with `first`, further ones with `rest`. */
export function wrap(
  text: string,
  { columns, first = '', rest }: { columns: number; first?: string; rest: string },
): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
