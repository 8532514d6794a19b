/** What this program uses of `graphene-pk11`, an optional peer with a native part: its types are not there unless it is. */
export interface Graphene {
  Module: {
    load(file: string): { initialize(): void; getSlots(tokenPresent: boolean): Items<Slot> };
  };
  SessionFlag: { SERIAL_SESSION: number };
  UserType: { USER: number };
  ObjectClass: { PRIVATE_KEY: number; PUBLIC_KEY: number };
}

interface Items<T> {
  length: number;
  items(index: number): T;
}

export interface Slot {
  getToken(): { label: string };
  open(flags: number): Session;
}

export interface Session {
  login(pin: string, user: number): void;
  find(template: object): Items<TokenObject>;
  createSign(mechanism: 'ECDSA', key: unknown): { once(digest: Buffer): Buffer };
  close(): void;
}

export interface TokenObject {
  /** @param names  as members whose values are null */
  getAttribute(names: object): Record<string, Buffer | null | undefined>;
  toType(): unknown;
}

/** Loads it, or rejects where it is not installed or its native part was not built. */
export async function importGraphene(): Promise<Graphene> {
  const name = 'graphene-pk11';
  const module = (await import(name)) as Graphene & { default?: Graphene };
  return module.default ?? module;
}
