import ora from 'ora';
import colors from 'picocolors';

/** What a person sees of the demo. */
export interface Screen {
  /** the headline of an act */
  act(number: number, name: string, says: string): void;
  line(text?: string): void;
  /** something that holds */
  good(text: string): void;
  /** something that was refused, as it should be */
  refused(text: string): void;
  quiet(text: string): void;
  /** Shows that something is going on, where there is a terminal to show it on. */
  during<T>(text: string, work: Promise<T>): Promise<T>;
}

const COLUMNS = 92;

/** Nothing at all: `--json` owns standard output. */
export const silentScreen: Screen = {
  act: () => undefined,
  line: () => undefined,
  good: () => undefined,
  refused: () => undefined,
  quiet: () => undefined,
  during: (_text, work) => work,
};

/** Plain lines, with colours and a spinner where `stream` is a terminal. */
export function streamScreen(stream: NodeJS.WriteStream): Screen {
  const paint = colors.createColors(stream.isTTY && colors.isColorSupported);
  const line = (text = ''): void => void stream.write(`${text}\n`);
  const marked = (mark: string, text: string): void =>
    wrap(text, COLUMNS - 6).forEach((part, i) => line(`  ${i === 0 ? mark : '  '}  ${part}`));
  return {
    act(number, name, says) {
      line();
      line(`${paint.bold(`${number} ${name}`)}  ${says}`);
    },
    line: (text) => line(text === undefined ? '' : `  ${text}`),
    good: (text) => marked(paint.green('ok'), text),
    refused: (text) => marked(paint.red('no'), text),
    quiet: (text) => line(`      ${paint.dim(text)}`),
    async during(text, work) {
      if (!stream.isTTY) return work;
      const spinner = ora({ text, stream, indent: 2, discardStdin: false }).start();
      try {
        return await work;
      } finally {
        spinner.stop();
      }
    },
  };
}

/** Lines of at most `columns`, broken at blanks. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
