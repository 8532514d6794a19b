import type { Diagnosis, Finding } from '@showcause/anchor-service';
import { VerdictExit } from '@showcause/verify/command';
import { Command } from 'commander';
import { exitCodes, readers } from '../io.ts';
import type { Io } from '../io.ts';
import { givenKafkaPassword, givenPassphrase } from '../passphrase.ts';

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', unknown: '?   ' } as const;
const EXITS = {
  healthy: exitCodes.done,
  unhealthy: exitCodes.refused,
  'could-not-check': exitCodes.couldNot,
} as const;
const NAME_WIDTH = 30;

/** `showcause doctor`: everything that a service needs, looked at before or beside it. */
export function doctorCommand(io: Io): Command {
  return new Command('doctor')
    .helpGroup(readers.operator)
    .summary('check all that a service needs: keys, disk, store, chain')
    .description(
      'Looks at what a service with this configuration needs: keys and tokens, file systems and their syncs, the store ' +
        'and its settings, Kafka, chain, contract, funds, countersigner, clock, and what was signed against what is stored.',
    )
    .requiredOption('--config <file>', "the service's own configuration")
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      `
It needs what the service may read, takes no lock, signs nothing and prints no
secret. It may run beside the service. Members of the configuration may come
from the environment as for serve; SHOWCAUSE_PASSPHRASE, else KEYS/passphrase.

Exit codes: 0 nothing failed, 1 something failed, 2 something could not be
looked at, 64 usage. Warnings are none of them.

Examples:
  showcause doctor --config ./showcause/service/config.json
  showcause doctor --config ./showcause/service/config.json --json`,
    )
    .action(async (options: { config: string; json?: true }) => {
      const { diagnose, diagnosisOf, readServiceConfig, signingSecrets } =
        await import('@showcause/anchor-service');
      const config = readServiceConfig(options.config, io.env);
      const passphrase = givenPassphrase(io);
      const findings: Finding[] = [];
      for await (const finding of diagnose(config, {
        ...(passphrase === undefined ? {} : { passphrase }),
        ...givenKafkaPassword(io),
        signing: signingSecrets('operator', io.env),
      })) {
        findings.push(finding);
        if (options.json !== true) for (const line of linesOf(finding)) io.out(line);
      }
      const verdict = diagnosisOf(findings);
      if (options.json === true) io.out(documentOf(verdict, findings));
      else io.out(summaryOf(findings));
      if (verdict !== 'healthy') throw new VerdictExit(EXITS[verdict]);
    });
}

function linesOf({ name, level, detail, fix }: Finding): string[] {
  const line = `${MARKS[level]}  ${name.padEnd(NAME_WIDTH)} ${detail}`;
  return fix === null ? [line] : [line, `      ${fix}`];
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Finding['level']): number =>
    findings.filter((finding) => finding.level === level).length;
  return `${findings.length} checks: ${count('fail')} failed, ${count('warn')} warnings, ${count('unknown')} not looked at`;
}

function documentOf(verdict: Diagnosis, checks: readonly Finding[]): string {
  return JSON.stringify(
    { v: 1, kind: 'doctor', verdict, exitCode: EXITS[verdict], checks },
    null,
    2,
  );
}
