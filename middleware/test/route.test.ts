import express from 'express';
import { endingsTable } from './endings.ts';
import type { ExpressLike } from './endings.ts';

endingsTable('Express 5', express as unknown as ExpressLike);
