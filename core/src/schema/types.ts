/**
 * The TypeScript type of a JSON Schema written `as const`, for the part of JSON Schema that
 * `entries.ts` uses: const, enum, anyOf, string, integer, boolean, null, array, object.
 */
export type TypeOf<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly anyOf: readonly (infer O)[] }
      ? TypeOf<O>
      : S extends { readonly type: 'string' }
        ? string
        : S extends { readonly type: 'integer' }
          ? number
          : S extends { readonly type: 'boolean' }
            ? boolean
            : S extends { readonly type: 'null' }
              ? null
              : S extends { readonly type: 'array'; readonly items: infer I }
                ? readonly TypeOf<I>[]
                : S extends {
                      readonly properties: infer P;
                      readonly required: readonly (infer R)[];
                    }
                  ? { [K in keyof P as K extends R ? K : never]: TypeOf<P[K]> } & {
                      [K in keyof P as K extends R ? never : K]?: TypeOf<P[K]>;
                    }
                  : S extends { readonly type: 'object' }
                    ? { readonly [key: string]: unknown }
                    : never;
