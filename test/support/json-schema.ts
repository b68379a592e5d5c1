import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Validates values against the JSON Schemas of an OpenAPI document, independently of zod. */

export interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Schemas; readonly responses: Readonly<Record<string, Response>> };
}

export type Schema = Readonly<Record<string, unknown>>;
type Schemas = Readonly<Record<string, Schema>>;
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

export interface Response {
  readonly $ref?: string;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query';
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

/** @returns the errors of a value; `undefined` if it is valid. */
export type Check = (schema: Schema, value: unknown) => string | undefined;

export function schemaChecker({ components: { schemas } }: Api): Check {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
  addFormats.default(ajv);
  ajv.addVocabulary(['components']);
  const validators = new WeakMap<Schema, ValidateFunction>();
  return (schema, value) => {
    const validate = validators.get(schema) ?? ajv.compile({ ...schema, components: { schemas } });
    validators.set(schema, validate);
    return validate(value) ? undefined : ajv.errorsText(validate.errors);
  };
}

/** Returns the response itself, or the component that it refers to. */
export function resolveResponse({ components }: Api, response: Response): Response {
  const name = response.$ref?.split('/').at(-1);
  const resolved = name === undefined ? response : components.responses[name];
  if (!resolved) throw new Error(`${response.$ref} is not a response in the document`);
  return resolved;
}
