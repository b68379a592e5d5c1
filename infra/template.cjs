/**
 * The last hand on the packaged template, behind serverless-iam-roles-per-function: narrows what the packagers leave wider
 * than it has to be. A function's role may be assumed by Lambda only, writes to the function's own log group, and gets at
 * network interfaces where the function is in the VPC; the role all functions would share, with everybody's rights, goes.
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
  // Lambda makes the interfaces, so there is none to name; the Describe actions know no resources.
  Resource: '*',
};

module.exports = class Template {
  constructor(serverless) {
    this.hooks = {
      // Roles would be named for service, stage, function and region, in 64 characters, which leaves a stage seven of them.
      // With a name to copy nothing is measured; CloudFormation makes the real ones up.
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

function narrow(role) {
  delete role.RoleName;
  role.AssumeRolePolicyDocument.Statement[0].Principal.Service = ['lambda.amazonaws.com'];
  const { Statement } = role.Policies[0].PolicyDocument;
  const [logs] = Statement;
  // The group exists, with its retention. Lambda names the streams in it: hence the one asterisk.
  logs.Action = ['logs:CreateLogStream', 'logs:PutLogEvents'];
  logs.Resource = logs.Resource.map((arn) => ({ 'Fn::Sub': arn['Fn::Sub'].replace(/:\*:\*$/, ':*') }));
  if (role.ManagedPolicyArns.length > 0) Statement.push(NETWORK_INTERFACES);
  delete role.ManagedPolicyArns;
}

/** CloudFormation orders by references itself; cfn-lint warns of every order that is given twice. */
function dropImpliedDependencies(resource) {
  const properties = JSON.stringify(resource.Properties ?? {});
  const kept = [resource.DependsOn ?? []]
    .flat()
    .filter((id) => !properties.includes(`{"Ref":"${id}"}`) && !properties.includes(`{"Fn::GetAtt":["${id}",`));
  if (kept.length > 0) resource.DependsOn = kept;
  else delete resource.DependsOn;
}
