import express from 'express';
import { endingsTable } from './endings.ts';

endingsTable('Express 5', express);
