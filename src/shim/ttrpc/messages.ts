/** ttrpc's own messages, which every frame of a request or an answer holds. */
import type { Table } from '../../protobuf.ts';

export const any = { type_url: [1, 'string'], value: [2, 'bytes'] } as const satisfies Table;

export const request = {
  service: [1, 'string'],
  method: [2, 'string'],
  payload: [3, 'bytes'],
  /** Absent without a deadline. */
  timeout_nano: [4, 'int64'],
  metadata: [5, { key: [1, 'string'], value: [2, 'string'] }, 'many'],
} as const satisfies Table;

const status = {
  code: [1, 'int32'],
  message: [2, 'string'],
  details: [3, any, 'many'],
} as const satisfies Table;

export const response = { status: [1, status], payload: [2, 'bytes'] } as const satisfies Table;
