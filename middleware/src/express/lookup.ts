import type { IncomingMessage, ServerResponse } from 'node:http';

/** V8 13 (Node 24) gives requests of one kind one hidden class again. */
const oneClassEach = Number.parseInt(process.versions.v8, 10) < 13;

/**
 * Express changes the prototype of each request and response, and V8 before 13 then gives each of them a hidden class
 * of its own: no inline cache hits, and each further member makes another class. As dictionaries, which is what deleting
 * a member makes of them, they take members cheaply and are found by one general path.
 */
export function easeLookups(req: IncomingMessage, res: ServerResponse): void {
  if (!oneClassEach) return;
  putAgain(req, 'statusMessage');
  putAgain(res, 'sendDate');
}

function putAgain<T extends object>(object: T, name: keyof T): void {
  if (!Object.hasOwn(object, name)) return;
  const value = object[name];
  Reflect.deleteProperty(object, name);
  object[name] = value;
}
