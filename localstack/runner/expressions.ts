import type { Declared } from './declared.ts';

/** The declaration, with the addresses of its queues by their keys in the resources. */
export interface Placed {
  readonly declared: Declared;
  readonly queueUrls: Readonly<Record<string, string>>;
  readonly queueArns: Readonly<Record<string, string>>;
}

const ACCOUNT_ID = '000000000000';

/**
 * Resolves a string, or a CloudFormation expression over tables and queues (`Ref`, `Fn::GetAtt`, `Fn::Sub`).
 * @returns `undefined` if the expression needs a resource that exists only on AWS.
 */
export function resolveExpression(value: unknown, placed: Placed): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if ('Ref' in value) return attribute(String(value.Ref), undefined, placed);
  if ('Fn::GetAtt' in value) {
    const [key, name] = [value['Fn::GetAtt']].flat().join('.').split('.');
    return attribute(key ?? '', name, placed);
  }
  return 'Fn::Sub' in value && typeof value['Fn::Sub'] === 'string' ? substitute(value['Fn::Sub'], placed) : undefined;
}

function substitute(template: string, placed: Placed): string | undefined {
  let known = true;
  const text = template.replace(/\$\{([^}!]+)\}/g, (_, expression: string) => {
    const [key = '', name] = expression.split('.');
    const value = attribute(key, name, placed);
    known &&= value !== undefined;
    return value ?? '';
  });
  return known ? text : undefined;
}

function attribute(key: string, name: string | undefined, { declared, queueUrls, queueArns }: Placed) {
  const pseudo: Record<string, string> = {
    'AWS::Region': declared.region,
    'AWS::AccountId': ACCOUNT_ID,
    'AWS::Partition': 'aws',
  };
  if (key in pseudo) return pseudo[key];
  const table = declared.tables[key]?.name;
  if (table !== undefined) {
    if (name === undefined) return table;
    return name === 'Arn' ? `arn:aws:dynamodb:${declared.region}:${ACCOUNT_ID}:table/${table}` : undefined;
  }
  if (name === undefined) return queueUrls[key];
  if (name === 'Arn') return queueArns[key];
  return name === 'QueueName' ? declared.queues[key]?.name : undefined;
}
