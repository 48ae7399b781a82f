import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { asOAuthError, Denial, OAUTH_ERRORS, type OAuthCode, OAuthError } from '../../auth/errors.ts';
import { Failure } from '../../resources/errors.ts';
import { runs } from '../harness/generated.ts';

describe('OAuth errors (RFC 6749 §5.2)', () => {
  for (const [code, status, error] of [
    ['invalid_request', 400, 'invalid_request'],
    ['invalid_client', 401, 'invalid_client'],
    ['invalid_grant', 400, 'invalid_grant'],
    ['unauthorized_client', 400, 'unauthorized_client'],
    ['unsupported_grant_type', 400, 'unsupported_grant_type'],
    ['invalid_scope', 400, 'invalid_scope'],
    ['invalid_target', 400, 'invalid_target'],
    ['too_many_requests', 429, 'too_many_requests'],
    ['token_required', 401, 'invalid_token'],
  ] as const) {
    it(`${code} is a ${status}`, () => {
      const { answer } = new OAuthError(code, 'Because.');
      expect(answer).to.deep.include({ status, body: { error, error_description: 'Because.' } });
      expect(answer.headers).to.include({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    });
  }

  it('every 401 has a challenge, and nothing else but a missing scope has one', () => {
    for (const code of Object.keys(OAUTH_ERRORS) as OAuthCode[]) {
      const { status, headers } = new OAuthError(code, '').answer;
      const expected = status === 401 || code === 'insufficient_scope';
      expect('WWW-Authenticate' in headers, code).to.equal(expected);
    }
    expect(new OAuthError('invalid_client', '').answer.headers['WWW-Authenticate']).to.match(/^Basic realm=/);
  });

  it('descriptions keep to the characters that RFC 6749 §5.2 allows: CRLF in `error_description`', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { body } = new OAuthError('invalid_request', `${text}\r\nSet-Cookie: "a"\\`).answer;
        expect(body['error_description']).to.match(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/);
      }),
      runs(1000),
    );
  });

  for (const [failure, status, error] of [
    [new Failure('busy', 'Later.', { retryAfter: 2 }), 503, 'temporarily_unavailable'],
    [new Failure('throttled', 'Later.', { retryAfter: 9 }), 429, 'too_many_requests'],
    [new Failure('malformed', 'No JSON.'), 400, 'invalid_request'],
    [new Failure('media-type', 'No.'), 415, 'invalid_request'],
    [new Failure('not-found', 'Nothing here.'), 404, 'invalid_request'],
    [new Denial('bad-token'), 401, 'invalid_token'],
    [new Denial('anonymous'), 401, 'invalid_token'],
    [new TypeError('secret path'), 500, 'server_error'],
  ] as const) {
    it(`${failure.constructor.name} "${failure.message}" is told as ${status} ${error}`, () => {
      const { answer } = asOAuthError(failure);
      expect(answer.status).to.equal(status);
      expect(answer.body['error']).to.equal(error);
      expect(JSON.stringify(answer.body)).to.not.include('path');
      if (status === 503 || status === 429) expect(Number(answer.headers['Retry-After'])).to.be.greaterThan(0);
    });
  }
});
