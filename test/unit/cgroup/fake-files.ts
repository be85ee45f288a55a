import type { FileStatus, Native, SystemError } from '../../../src/host/native.ts';

/** What happened, in order: `mkdir /a`, `write /a/file value`, `rmdir /a`. */
export type Journal = string[];

export function systemError(code: string, path: string): SystemError {
  return Object.assign(new Error(`${code}: ${path}`), { code, errno: 1, syscall: 'fake', path });
}

/**
 * Control files in memory. A directory that is made gets the files of `template`; a write may be refused. Any
 * function of the door that is not here throws, so that a test cannot lean on something that it does not provide.
 */
export class FakeFiles {
  readonly files = new Map<string, string>();
  readonly directories = new Set<string>();
  readonly types = new Map<string, number>();
  readonly journal: Journal = [];
  /** Error code for an action of the journal, or undefined to let it pass. */
  refuse: (action: string) => string | undefined = () => undefined;
  template: (directory: string) => Readonly<Record<string, string>> = () => ({});
  readonly #open = new Map<number, string>();
  #next = 100;

  add(directory: string, files: Readonly<Record<string, string>> = {}): void {
    for (let at = directory.length; at > 0; at = directory.lastIndexOf('/', at - 1))
      this.directories.add(directory.slice(0, at));
    for (const [name, content] of Object.entries(files)) this.files.set(`${directory}/${name}`, content);
  }

  #act(action: string, path: string): void {
    const code = this.refuse(action);
    if (code !== undefined) throw systemError(code, path);
    this.journal.push(action);
  }

  get openDescriptors(): number {
    return this.#open.size;
  }

  isOpen(descriptor: number): boolean {
    return this.#open.has(descriptor);
  }

  native(): Native {
    const known: Partial<Native> = {
      readText: (path) => {
        const text = this.files.get(path);
        if (text === undefined) throw systemError('ENOENT', path);
        return text;
      },
      writeFile: (path, data) => this.#write(path, String(data)),
      open: (path) => {
        if (!this.files.has(path) && !this.directories.has(path)) throw systemError('ENOENT', path);
        this.#open.set(++this.#next, path);
        return this.#next;
      },
      write: (descriptor, data) => this.#write(this.#open.get(descriptor) ?? '', String(data)),
      close: (descriptor) => {
        if (!this.#open.delete(descriptor)) throw systemError('EBADF', String(descriptor));
      },
      readDirectory: (path) => {
        if (!this.directories.has(path)) throw systemError('ENOENT', path);
        const below = [...this.directories, ...this.files.keys()].filter((name) =>
          name.startsWith(`${path}/`),
        );
        return below.map((name) => name.slice(path.length + 1)).filter((name) => !name.includes('/'));
      },
      readTree: (path, names) => {
        if (!this.directories.has(path)) throw systemError('ENOENT', path);
        return this.#below(path).flatMap((directory) => {
          const name = names.find((each) => this.files.has(`${directory}/${each}`));
          return name === undefined ? [] : [{ name, text: this.files.get(`${directory}/${name}`) ?? '' }];
        });
      },
      writeTree: (path, name, data) => {
        for (const directory of this.#below(path))
          if (this.files.has(`${directory}/${name}`)) this.#write(`${directory}/${name}`, String(data));
      },
      removeTree: (path) => {
        if (!this.directories.has(path)) throw systemError('ENOENT', path);
        let first: unknown;
        for (const directory of this.#below(path).reverse()) {
          try {
            known.removeDirectory?.(directory);
          } catch (error) {
            first ??= error;
          }
        }
        if (first !== undefined) throw first;
      },
      status: (path) => {
        if (this.directories.has(path)) return { mode: 0o040755 } as FileStatus;
        return this.files.has(path) ? ({ mode: 0o100644 } as FileStatus) : undefined;
      },
      fileSystemType: (path) => {
        const type = this.types.get(path);
        if (type === undefined) throw systemError('ENOENT', path);
        return type;
      },
      makeDirectory: (path) => {
        if (this.directories.has(path)) throw systemError('EEXIST', path);
        if (!this.directories.has(path.slice(0, path.lastIndexOf('/')))) throw systemError('ENOENT', path);
        this.#act(`mkdir ${path}`, path);
        this.add(path, this.template(path));
      },
      removeDirectory: (path) => {
        if (!this.directories.has(path)) throw systemError('ENOENT', path);
        if ([...this.directories].some((name) => name.startsWith(`${path}/`)))
          throw systemError('EBUSY', path);
        this.#act(`rmdir ${path}`, path);
        this.directories.delete(path);
        for (const name of [...this.files.keys()]) if (name.startsWith(`${path}/`)) this.files.delete(name);
      },
    };
    return new Proxy(known, {
      get: (target, name) =>
        Reflect.get(target, name) ??
        (() => {
          throw new Error(`the fake has no ${String(name)}()`);
        }),
    }) as Native;
  }

  /** A directory and those below it, parents first. */
  #below(path: string): string[] {
    return [...this.directories].filter((name) => name === path || name.startsWith(`${path}/`)).sort();
  }

  #write(path: string, value: string): void {
    if (!this.files.has(path)) throw systemError('ENOENT', path);
    this.#act(`write ${path} ${value}`, path);
    this.files.set(path, value);
  }
}
