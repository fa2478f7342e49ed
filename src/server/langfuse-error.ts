import { isPromptctlError } from '../core/errors.js'
import { HttpError, type Problem } from './problem.js'

/** Where Langfuse's clients look. */
export const LANGFUSE_PREFIX = '/api/public/'

const NAMES: Readonly<Record<number, string>> = {
  400: 'InvalidRequestError',
  401: 'UnauthorizedError',
  403: 'ForbiddenError',
  404: 'LangfuseNotFoundError',
  405: 'MethodNotAllowedError',
}

/** A failure as Langfuse words it. */
export function formatLangfuseError({ status, detail }: Problem): { readonly message: string; readonly error: string } {
  return { message: detail, error: NAMES[status] ?? (status < 500 ? 'InvalidRequestError' : 'InternalServerError') }
}

/** `Prompt not found: 'greet' with label 'production'`, word for word what its SDKs show. */
export const langfuseNotFound = (name: string, asked: string): HttpError =>
  new HttpError(404, 'not_found', `Prompt not found: '${name}' with ${asked}`)

/** The failure to find something as Langfuse tells it; any other as it is. */
export const asNotFound = (error: unknown, name: string, asked: string): unknown =>
  isPromptctlError(error, 'not_found') ? langfuseNotFound(name, asked) : error
