// The contracts of the Ethereum Attestation Service as their package holds them compiled. The package depends on a whole tool chain, so it is
// fetched alone, once, into .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePacked, keccak256 } from 'viem/utils';

const NAME = '@ethereum-attestation-service/eas-contracts';
export const EAS_VERSION = '1.9.0';
const dir = new URL(`../../.cache/eas-contracts-${EAS_VERSION}`, import.meta.url).pathname;

const artifact = (name) => {
  const path = join(dir, `package/artifacts/contracts/${name}.sol/${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
};

function fetchPackage() {
  mkdirSync(dir, { recursive: true });
  const options = { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const { status, stdout } = spawnSync('npm', ['pack', `${NAME}@${EAS_VERSION}`], options);
  if (status === 0) spawnSync('tar', ['-xzf', stdout.trim().split('\n').at(-1)], options);
}

/** Null, said by name, where it cannot be fetched. */
export function easContracts() {
  if (artifact('EAS') === null) fetchPackage();
  const [eas, registry] = [artifact('EAS'), artifact('SchemaRegistry')];
  if (eas === null || registry === null) {
    console.error(`${NAME} cannot be fetched: its rows are left out`);
    return null;
  }
  return {
    eas,
    registry,
    schemaUid: (schema, resolver, revocable) =>
      keccak256(encodePacked(['string', 'address', 'bool'], [schema, resolver, revocable])),
  };
}
