// Preloaded where a network namespace cannot be had: every socket and every name look-up fails.
import dns from 'node:dns';
import net from 'node:net';

function refuse() {
  throw new Error('the network is cut');
}
net.Socket.prototype.connect = refuse;
net.connect = refuse;
net.createConnection = refuse;
dns.lookup = refuse;
globalThis.fetch = refuse;
