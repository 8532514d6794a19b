import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { hybridWasm } from '../src/generated/hybrid-wasm.ts';
import { instantiate } from '../src/wasm/instance.ts';

interface Exports {
  readonly attribute: (rows: number) => void;
  readonly memory: WebAssembly.Memory;
}

const real = globalThis.WebAssembly;

afterEach(() => {
  globalThis.WebAssembly = real;
  jest.restoreAllMocks();
});

describe('a kernel in WebAssembly', () => {
  test('has a memory of its own that cannot grow, of whole pages', () => {
    const [one, other] = [1, 65_537].map((bytes) => instantiate<Exports>(hybridWasm, bytes));
    expect(one?.memory.byteLength).toBe(65_536);
    expect(other?.memory.byteLength).toBe(131_072);
    expect(() => one?.exports.memory.grow(1)).toThrow(RangeError);
    expect(one?.memory).not.toBe(other?.memory);
    expect(one?.exports.attribute).not.toBe(other?.exports.attribute);
  });

  test('asks for its memory and nothing else', () => {
    const bytes = Uint8Array.from(atob(hybridWasm), (c) => c.charCodeAt(0));
    expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toStrictEqual([
      { module: 'env', name: 'memory', kind: 'memory' },
    ]);
    expect(bytes.length).toBeLessThan(4096);
  });

  test.each<[string, () => void]>([
    ['there is no WebAssembly', () => Reflect.deleteProperty(globalThis, 'WebAssembly')],
    [
      'code may not be compiled',
      () =>
        jest.spyOn(WebAssembly, 'Instance').mockImplementation(() => {
          throw new WebAssembly.CompileError('refused by policy');
        }),
    ],
    [
      'there is not as much memory',
      () =>
        jest.spyOn(WebAssembly, 'Memory').mockImplementation(() => {
          throw new RangeError('could not allocate memory');
        }),
    ],
  ])('is null where %s', (_, refuse) => {
    refuse();
    expect(instantiate(hybridWasm, 1)).toBeNull();
  });

  test('is null for bytes that this machine cannot compile', () => {
    expect(instantiate(btoa('\0asm\x01\0\0\0\x01\x01'), 1)).toBeNull();
  });

  test('does not hide a fault of the build', () => {
    // A module that imports a function `env.f` besides.
    const module = '\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x09\x01\x03env\x01f\0\0';
    expect(() => instantiate(btoa(module), 1)).toThrow(WebAssembly.LinkError);
  });
});
