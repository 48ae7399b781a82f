import type { ClientMethod } from './method.ts';
import { secretBasic } from './secret-basic.ts';
import { secretPost } from './secret-post.ts';

/** The ways for a client to authenticate that this server takes. */
export const CLIENT_METHODS: readonly ClientMethod[] = [secretBasic, secretPost];
