import { createTestAudit } from '@showcause/middleware/testing';
import type { TestAudit } from '@showcause/middleware/testing';
import { loanDeployment } from '../src/deployment.ts';

/** An audit of this API in memory: real sealing and promises, a spool that ends with the test. */
export function testAudit(): Promise<TestAudit> {
  return createTestAudit(loanDeployment());
}
