/** With separators, as people read it. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

const WEI_PER_COIN = 10n ** 18n;

/** Of the chain's coin, to three places. @param amount  wei */
export function coins(amount: bigint): string {
  const thousandths = (amount * 1_000n) / WEI_PER_COIN;
  return `${thousandths / 1_000n}.${String(thousandths % 1_000n).padStart(3, '0')}`;
}
