// A worker that takes a job and never finishes it: to be killed. Runs the built room, as a service does.
import { connectQueue } from '../dist/index.js';

const log = { info() {}, warn() {}, error() {} };
const queue = connectQueue({ url: process.argv[2], name: 'hang', log });
queue.consume('diagnose', () => new Promise(() => process.send('taken')));
