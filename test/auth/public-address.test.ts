import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isPublicAddress } from '../../auth/clients/public-address.ts';

describe('the addresses that keys are fetched from', () => {
  const rows: [address: string, isPublic: boolean][] = [
    ['8.8.8.8', true],
    ['2606:4700:4700::1111', true],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['172.31.0.1', false],
    ['192.168.1.1', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['fe80::1', false],
    ['fd00::1', false],
    ['ff02::1', false],
    ['::ffff:127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['2001:0:1::1', false],
    ['localhost', false],
    ['', false],
  ];
  for (const [address, expected] of rows) {
    it(`${address || 'nothing'} is ${expected ? '' : 'not '}public`, () =>
      expect(isPublicAddress(address)).to.equal(expected));
  }
});
