import { hasErrno, type Native } from '../../host/native.ts';

/** The user's name from /etc/passwd, or the number. */
export function ownerName(native: Native, uid: number): string {
  if (uid === 0) return 'root';
  try {
    const line = native
      .readText('/etc/passwd', 4 * 1024 * 1024)
      .split('\n')
      .find((each) => each.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? String(uid);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES', 'EFBIG')) return String(uid);
    throw error;
  }
}
