// Started as `node --experimental-vm-modules node_modules/jest/bin/jest.js`: workspaces are read from source.
export default {
  testMatch: ['**/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/.cache', '<rootDir>/.*/dist/'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  testEnvironmentOptions: {
    customExportConditions: ['showcause-source', 'node', 'node-addons'],
  },
  transformIgnorePatterns: ['/node_modules/(?!@showcause/)'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2022',
          transform: {
            verbatimModuleSyntax: true,
            react: { runtime: 'automatic', importSource: 'preact' },
          },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 30_000,
};
