import type { Io } from '../../io.ts';
import type { ExplainedRow } from './explained-rows.ts';
import { writeWhole } from './sink.ts';
import type { Sink } from './sink.ts';

/** Rows between two lines of progress. */
const TOLD_EVERY = 256;

/** Prints rows as they are explained and says how far it is; a result that is not whole is dropped. @throws the signal's reason */
export async function printRows(
  io: Io,
  rows: AsyncIterable<ExplainedRow>,
  linesOf: (row: ExplainedRow) => readonly string[],
  output: Sink,
): Promise<void> {
  await writeWhole(io, output, async () => {
    for await (const row of rows) {
      for (const line of linesOf(row)) output.line(line);
      if (row.index % TOLD_EVERY === 0)
        io.progress?.(`${row.index + 1} row${row.index === 0 ? '' : 's'} explained`);
    }
  });
}
