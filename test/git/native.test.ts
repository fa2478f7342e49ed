import { openNative } from '../../src/git/native/open.js'
import { describeRepository } from './contract.js'
import type { Engine } from './world.js'

const engine: Engine = { name: 'native', open: (dir, env) => openNative(dir, { env }) }

describeRepository(engine)
