const NOBODY = { uid: 65534, gid: 65534 }

/** The user that servers run as: nobody, if this process runs as root, because PostgreSQL refuses to run as root. */
export function unprivilegedUser(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? NOBODY : {}
}
