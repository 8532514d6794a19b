// The build of core, by file: the generator runs before any package is installed elsewhere.
export * from '../../core/dist/index.js';
export * from '../../core/dist/node/index.js';
