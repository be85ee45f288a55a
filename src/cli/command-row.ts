import type { CommandRow, CommandShape, Handler } from './table.ts';

/** A row whose module's handler must fit the row's shape, or it does not compile. */
type Row<S extends CommandShape> = Omit<CommandRow, 'load' | keyof CommandShape> & {
  readonly shape: S;
  load(): Promise<{ readonly handler: Handler<S> }>;
};

/** A row of the command table. */
export function row<S extends CommandShape>({ shape, ...about }: Row<S>): CommandRow {
  return { ...shape, ...about } as unknown as CommandRow;
}
