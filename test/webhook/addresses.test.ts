import { describe, expect, it } from 'vitest'
import { checkTarget, isPublicAddress } from '../../src/webhook/addresses.js'

const check = (url: string, allowed?: string) => checkTarget(new URL(url), allowed)

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.0.1',
    '198.18.0.1',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:0:53aa::1',
    '2001:db8::1',
    '2001:10::1',
    '3fff::1',
    '100::1',
    'x',
    '',
  ])('%s is not public [case 43]', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '172.15.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '1.1.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '2001:4860:4860::8888',
    '2001:200::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('targets', () => {
  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://localhost./',
    'https://LOCALHOST/',
    'https://a.localhost/',
    'https://169.254.169.254/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://[::ffff:127.0.0.1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://１２７.0.0.1/',
    'http://example.com/',
    'http://8.8.8.8/',
  ])('%s is refused [case 43]', (url) => {
    expect(check(url)).toHaveProperty('refusal')
  })

  it.each([
    ['https://example.com/', undefined],
    ['https://8.8.8.8:8443/', undefined],
    ['http://127.0.0.1:8080/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://localhost.:3000/', 'example.com, localhost:3000'],
    ['http://[::1]:9/', '::1'],
    ['http://[::1]:9/', '[::1]:9'],
    ['https://Hooks.Internal/', 'hooks.internal:443'],
  ])('%s is allowed when the environment says %j [case 43]', (url, allowed) => {
    expect(check(url, allowed)).not.toHaveProperty('refusal')
  })

  it.each([
    ['http://127.0.0.1:8080/', '127.0.0.1:8081'],
    ['http://127.0.0.1.example.com/', '127.0.0.1'],
    ['http://evil.com/', 'https://evil.com/,,'],
    ['http://10.0.0.1/', '10.0.0.0/8'],
    ['http://a.example.com/', 'example.com'],
  ])('%s is refused when the environment says %j', (url, allowed) => {
    expect(check(url, allowed)).toHaveProperty('refusal')
  })
})
