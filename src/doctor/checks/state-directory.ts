import { isDirectory } from '../../host/file-types.ts';
import { type Check, ok, problem, warning } from '../check.ts';

const others = 0o022;

export const stateDirectory: Check = {
  name: 'state-directory',
  asks: 'Is there a place for the state of containers that only the caller can change?',
  look({ uid, surroundings, status }) {
    const { XDG_RUNTIME_DIR: runtime } = surroundings;
    const path = uid === 0 ? '/run' : runtime;
    if (!path?.startsWith('/'))
      return [
        problem(
          'XDG_RUNTIME_DIR is not set',
          'every command needs --root',
          'export XDG_RUNTIME_DIR=/run/user/$(id -u), or log in with a session of systemd’s',
        ),
      ];
    const found = status(path);
    if (!isDirectory(found))
      return [
        problem(
          `${path} is not there`,
          'every command needs --root',
          `mkdir -m 0700 ${path}; chown ${uid} ${path}`,
        ),
      ];
    if (found?.uid !== uid)
      return [
        problem(
          `${path} belongs to user ${found?.uid}`,
          'the state cannot be kept there',
          `chown ${uid} ${path}`,
        ),
      ];
    if (((found?.mode ?? 0) & others) !== 0)
      return [
        warning(
          `${path} can be written by others`,
          'they could put hooks into records',
          `chmod go-w ${path}`,
        ),
      ];
    return [ok(path, 'belongs to the caller alone')];
  },
};
