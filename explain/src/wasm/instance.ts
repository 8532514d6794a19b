/** One instance of a kernel with a memory of its own, which never grows: views of it stay valid. */
export interface WasmInstance<Exports> {
  readonly exports: Exports;
  readonly memory: ArrayBuffer;
}

const PAGE = 65_536;
const modules = new Map<string, WebAssembly.Module>();

/**
 * An instance of the module that a generated file holds in base64, with a zeroed memory of at least `bytes` bytes. A
 * module is compiled once, however many instances it has.
 *
 * Returns null where WebAssembly or its SIMD is missing or refused (a Content-Security-Policy without
 * `wasm-unsafe-eval`, `node --jitless`), or where there is not as much memory: the caller then takes the TypeScript twin.
 */
export function instantiate<Exports>(base64: string, bytes: number): WasmInstance<Exports> | null {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const pages = Math.max(1, Math.ceil(bytes / PAGE));
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(compiled(base64), { env: { memory } });
    return { exports: instance.exports as Exports, memory: memory.buffer };
  } catch (error) {
    // A LinkError would be a fault of the build, and is not hidden.
    if (error instanceof WebAssembly.CompileError || error instanceof RangeError) return null;
    throw error;
  }
}

function compiled(base64: string): WebAssembly.Module {
  const known = modules.get(base64);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const module = new WebAssembly.Module(bytes);
  modules.set(base64, module);
  return module;
}
