/**
 * Reduces permissions in the packaged template, after serverless-iam-roles-per-function. Only Lambda may assume a function's role.
 * The role may write only to the function's own log group, and manage network interfaces only if the function is in the VPC. The
 * role that all functions would share, with the permissions of all, is removed.
 */
const NETWORK_INTERFACES = {
  Effect: 'Allow',
  Action: [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
  // Lambda creates the interfaces, so their names are not known here. The Describe actions support no resources.
  Resource: '*',
};

/** @typedef {Record<string, any>} Json a part of a CloudFormation template. */

module.exports = class Template {
  /** @param {Json} serverless */
  constructor(serverless) {
    this.hooks = {
      // The plugin would name roles by service, stage, function and region, and check the limit of 64 characters. That would leave
      // seven for the stage. An explicit name avoids the check. It is removed below, so CloudFormation chooses the names.
      'package:initialize': () => {
        for (const declared of Object.values(serverless.service.functions)) declared.iamRoleStatementsName = 'made up';
      },
      'before:package:finalize': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        delete Resources.IamRoleLambdaExecution;
        for (const resource of Object.values(Resources)) {
          if (resource.Type === 'AWS::IAM::Role') narrow(resource.Properties);
          dropImpliedDependencies(resource);
        }
      },
    };
  }
};

/** @param {Json} role the properties of a function's role. */
function narrow(role) {
  delete role.RoleName;
  role.AssumeRolePolicyDocument.Statement[0].Principal.Service = ['lambda.amazonaws.com'];
  const { Statement } = role.Policies[0].PolicyDocument;
  const [logs] = Statement;
  logs.Action = ['logs:CreateLogStream', 'logs:PutLogEvents'];
  logs.Resource = logs.Resource.map((/** @type {Json} */ arn) => {
    // The stack creates the log group with its retention. Lambda chooses the names of its streams, so one asterisk remains.
    return { 'Fn::Sub': arn['Fn::Sub'].replace(/:\*:\*$/, ':*') };
  });
  if (role.ManagedPolicyArns.length > 0) Statement.push(NETWORK_INTERFACES);
  delete role.ManagedPolicyArns;
}

/** Removes dependencies that CloudFormation derives from references, because cfn-lint warns about them. @param {Json} resource */
function dropImpliedDependencies(resource) {
  const properties = JSON.stringify(resource.Properties ?? {});
  const kept = [resource.DependsOn ?? []]
    .flat()
    .filter((id) => !properties.includes(`{"Ref":"${id}"}`) && !properties.includes(`{"Fn::GetAtt":["${id}",`));
  if (kept.length > 0) resource.DependsOn = kept;
  else delete resource.DependsOn;
}
