/** Whether only this machine can reach it: an address or name as a URL or a configuration gives it. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^127(\.[0-9]{1,3}){3}$/.test(host)
  );
}
