/** Of the model file in force; a client may insist on it. */
export const modelVersion = '1.0.0';
