/** Whether the text has no lone surrogate (ECMAScript 2024; in Node 20 and browsers, not yet in the compiler's es2023). */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
