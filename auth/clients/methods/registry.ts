import type { ClientMethod } from './method.ts';
import { privateKeyJwt } from './private-key-jwt.ts';
import { secretBasic } from './secret-basic.ts';
import { secretPost } from './secret-post.ts';

/** The ways for a client to authenticate that this server takes. */
export const CLIENT_METHODS: readonly ClientMethod[] = [secretBasic, secretPost, privateKeyJwt];

/** The algorithms that clients may sign with, over all methods. */
export const CLIENT_SIGNING_ALGS: readonly string[] = CLIENT_METHODS.flatMap(({ signingAlgs }) => signingAlgs ?? []);
