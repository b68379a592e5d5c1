/** What is used of the SSM client: named, so that the bundler leaves out the rest, which `import()` of the package keeps. */
export { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
