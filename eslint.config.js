import tseslint from 'typescript-eslint';

const browserSafe = {
  globals: [
    'Buffer',
    'process',
    'fetch',
    'Date',
    'setTimeout',
    'setInterval',
    'performance',
    'crypto',
  ],
  checkGlobalObject: true,
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/generated/',
      'explain/assembly/',
      '**/node_modules/',
      '.cache/',
      'coverage/',
      '**/fixtures/',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['core/src/**', 'explain/src/**'],
    ignores: ['core/src/node/**', 'core/src/*-node.ts', 'explain/src/node/**'],
    rules: {
      'no-restricted-globals': ['error', browserSafe],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  {
    // Only the entry points read the environment.
    files: [
      'kafka/src/**',
      'middleware/src/**',
      'verify/src/**',
      'contracts/src/**',
      'anchor-service/src/**',
    ],
    ignores: ['anchor-service/src/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'The environment is read in the entry points only.',
        },
      ],
    },
  },
  {
    files: ['**/test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
);
