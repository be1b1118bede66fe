import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { z } from 'zod';

/** An answer as a table. Null is an empty cell. */
export interface CsvTable {
  /** Without its ending, e.g. `revenue-2026-11`. */
  readonly fileName: string;
  readonly header: readonly string[];
  /** Read while they are sent, as fast as the client takes them. */
  readonly rows: Iterable<readonly (string | null)[]> | AsyncIterable<readonly (string | null)[]>;
}

/** The query field of a route that answers tables too; it wins over `Accept`. */
export const formatQuery = {
  format: z.enum(['json', 'csv']).optional().meta({ description: 'Instead of `Accept: text/csv`.' }),
};

export const wantsCsv = (request: Request): boolean =>
  request.query.format === undefined
    ? request.accepts(['application/json', 'text/csv']) === 'text/csv'
    : request.query.format === 'csv';

const decimal = /^-?\d+(\.\d+)?$/;

/** RFC 4180. What a spreadsheet would take for a formula, and run, is marked as text: names are written by others. */
function cell(value: string | null): string {
  if (value === null) return '';
  const inert = /^[=+\-@\t\r]/.test(value) && !decimal.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

export async function* csvLines({ header, rows }: Pick<CsvTable, 'header' | 'rows'>): AsyncGenerator<string> {
  yield `${header.map(cell).join(',')}\r\n`;
  for await (const row of rows) yield `${row.map(cell).join(',')}\r\n`;
}

/** Line by line, as fast as the client reads. */
export async function sendCsv(response: Response, table: CsvTable): Promise<void> {
  response.type('text/csv; charset=utf-8').attachment(`${table.fileName}.csv`);
  try {
    await pipeline(Readable.from(csvLines(table)), response);
  } catch (error) {
    // The client left before the last line; there is nobody to tell.
    if (!response.destroyed) throw error;
  }
}
