export { ERROR_CODES, type ErrorCode, type ErrorOptions, isPromptctlError, PromptctlError } from './core/errors.js'
