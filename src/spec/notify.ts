/**
 * Where a container finds the socket by which its processes tell that they are ready (sd_notify(3)), as with runc.
 */
export const notifyDirectory = '/run/notify';
export const notifyName = 'notify.sock';
export const notifyVariable = 'NOTIFY_SOCKET';
