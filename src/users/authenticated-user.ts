/**
 * The user who makes a request: what guards put into `request.user`. It holds no password, so that answering with it by
 * accident publishes no hash.
 *
 * @publicApi
 */
export interface AuthenticatedUser {
  readonly id: unknown;
  readonly username: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
}
