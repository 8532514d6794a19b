import { describe, expect, test } from '@jest/globals';
import { overlayEnvironment } from '../src/config-env.ts';

const PREFIX = 'SHOWCAUSE_SERVE__';
const overlay = (file: object, env: Record<string, string>) =>
  overlayEnvironment(file as never, env, PREFIX).value;

describe('members from the environment', () => {
  test('stand before those of the file, at any level, and leave their neighbours', () => {
    const file = { checkpointIntervalMs: 200, http: { host: '127.0.0.1', port: 8787 } };
    expect(
      overlay(file, {
        SHOWCAUSE_SERVE__CHECKPOINT_INTERVAL_MS: '100',
        SHOWCAUSE_SERVE__HTTP__HOST: '0.0.0.0',
        SHOWCAUSE_SERVE__ANCHOR__COUNTERSIGNER__URL: 'http://other:8788',
      }),
    ).toStrictEqual({
      checkpointIntervalMs: 100,
      http: { host: '0.0.0.0', port: 8787 },
      anchor: { countersigner: { url: 'http://other:8788' } },
    });
    expect(file.http.host).toBe('127.0.0.1');
  });

  test.each<[string, unknown]>([
    ['true', true],
    ['null', null],
    ['8787', 8787],
    ['"8787"', '8787'],
    ['["a:1","b:2"]', ['a:1', 'b:2']],
    ['{"kind":"embedded"}', { kind: 'embedded' }],
    ['./log', './log'],
    ['{"a":1,"a":2}', '{"a":1,"a":2}'],
  ])('%s', (text, value) => {
    expect(overlay({}, { SHOWCAUSE_SERVE__X: text })).toStrictEqual({ x: value });
  });

  test('a level that is no object becomes one; null too', () => {
    expect(
      overlay(
        { anchor: null, store: 'x' },
        { SHOWCAUSE_SERVE__ANCHOR__RPC_URL: 'http://evm:8545' },
      ),
    ).toStrictEqual({ anchor: { rpcUrl: 'http://evm:8545' }, store: 'x' });
  });

  test('other variables and empty ones change nothing', () => {
    const env = { SHOWCAUSE_CONFIG: 'x', SHOWCAUSE_SERVE__LOG: '', PATH: '/bin' };
    expect(overlay({ log: './log' }, env)).toStrictEqual({ log: './log' });
  });

  test('says which variable gave what', () => {
    const { given } = overlayEnvironment({}, { SHOWCAUSE_SERVE__HTTP__PORT: '1' }, PREFIX);
    expect([...given]).toStrictEqual([['http.port', 'SHOWCAUSE_SERVE__HTTP__PORT']]);
  });

  test.each(['', 'http', '__PORT', 'HTTP__', 'HTTP___PORT', 'HTTP__PORT-', '__PROTO__'])(
    'a name that is no path is refused: %s',
    (rest) => {
      expect(() => overlay({}, { [`${PREFIX}${rest}`]: '1' })).toThrow(
        expect.objectContaining({ code: 'CONFIG_ENVIRONMENT', got: `${PREFIX}${rest}` }),
      );
    },
  );

  test('a path too deep is refused', () => {
    const name = `${PREFIX}${Array.from({ length: 9 }, () => 'A').join('__')}`;
    expect(() => overlay({}, { [name]: '1' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_ENVIRONMENT' }),
    );
  });
});
