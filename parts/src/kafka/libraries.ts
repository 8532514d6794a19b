import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PartError } from '../errors.ts';
import { cacheFolder, findProgram as find } from '../find.ts';

const KAFKA_VERSION = '4.1.2';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-dist</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Whether Java and either Maven or a former download are on this machine. */
export function kafkaAvailable(): boolean {
  return find('java') !== null && (existsSync(libraries()) || find('mvn') !== null);
}

/** Java and the folder of Kafka's jars, fetched from Maven Central once. @throws {PartError} */
export function kafkaProgram(): { java: string; libs: string } {
  const java = find('java');
  if (java === null) throw new PartError('PART_MISSING', { got: 'no java on the PATH' });
  return { java, libs: fetchLibraries() };
}

function libraries(): string {
  return join(cacheFolder, 'kafka', KAFKA_VERSION, 'libs');
}

/** Complete or not there: the folder gets its name when the download is done. */
function fetchLibraries(): string {
  const libs = libraries();
  if (existsSync(libs)) return libs;
  const maven = find('mvn');
  if (maven === null) throw new PartError('PART_MISSING', { got: 'no mvn on the PATH' });
  mkdirSync(dirname(libs), { recursive: true });
  const work = mkdtempSync(join(dirname(libs), 'fetch-'));
  try {
    const pom = join(work, 'pom.xml');
    writeFileSync(pom, POM);
    const goal = [
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      '-DoutputDirectory=libs',
    ];
    const { status } = spawnSync(maven, ['-B', '-q', '-ntp', '-f', pom, ...goal], {
      cwd: work,
      stdio: 'ignore',
      timeout: 300_000,
    });
    if (status !== 0 || readdirSync(join(work, 'libs')).length < 20)
      throw new PartError('PROCESS_FAILED', { got: `exit code ${status} from Maven` });
    if (!existsSync(libs)) renameSync(join(work, 'libs'), libs);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return libs;
}
