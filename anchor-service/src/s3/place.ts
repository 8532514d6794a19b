/** Where in an S3-compatible store a log lies; a path is absolute. */
export interface S3Place {
  kind: 's3';
  bucket: string;
  /** before every key; empty, or with a slash at its end */
  prefix: string;
  region: string;
  /** null: AWS's own for the region */
  endpoint: string | null;
  forcePathStyle: boolean;
  /** null: the SDK's own chain of credentials */
  accessKeyId: string | null;
  secretKeyFile: string | null;
  caFile: string | null;
  /** for each request, its answer included */
  requestMs: number;
  /** for each operation, all of its attempts together */
  totalMs: number;
}

/** A bucket's part as people name it. */
export function nameOf({ bucket, prefix }: Pick<S3Place, 'bucket' | 'prefix'>): string {
  return `s3://${bucket}/${prefix}`;
}
