import * as v from 'valibot';

export const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
export const url = v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:/));
export const milliseconds = (least: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(86_400_000));
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
export const http = v.strictObject({
  host: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  port: whole(0, 65_535),
});
