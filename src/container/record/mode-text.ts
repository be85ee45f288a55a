/** Permissions as people write them: `0775 (rwxrwxr-x)`. */
export function modeText(permissions: number): string {
  let letters = '';
  for (let shift = 6; shift >= 0; shift -= 3) {
    const bits = permissions >> shift;
    letters += `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
  }
  return `${permissions.toString(8).padStart(4, '0')} (${letters})`;
}
