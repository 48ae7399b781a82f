import type { ClientMethod } from './method.ts';
import { privateKeyJwt } from './private-key-jwt.ts';
import { secretBasic } from './secret-basic.ts';
import { secretPost } from './secret-post.ts';

/** The supported client authentication methods. */
export const CLIENT_METHODS: readonly ClientMethod[] = [secretBasic, secretPost, privateKeyJwt];

/** The signing algorithms of all methods. */
export const CLIENT_SIGNING_ALGS: readonly string[] = CLIENT_METHODS.flatMap(({ signingAlgs }) => signingAlgs ?? []);
