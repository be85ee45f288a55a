/** The service manager's socket that a caller was given (sd_notify(3)); a variable without a value is not set. */
export function notifySocket({ NOTIFY_SOCKET: address }: { readonly NOTIFY_SOCKET?: string | undefined }): {
  readonly notifySocket?: string;
} {
  return address ? { notifySocket: address } : {};
}
