// node scripts/healthy.mjs URL: exit code 0 when it answers 2xx within two seconds, for health checks of containers.
try {
  const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(2_000) });
  process.exit(response.ok ? 0 : 1);
} catch {
  process.exit(1);
}
