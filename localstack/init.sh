# Starts real Redis and DynamoDB Local in containers, waits until both answer, and points `npm start` at them:
#
#   . localstack/init.sh && npm start
#
# Source it in the project's folder. `docker compose -f localstack/docker-compose.yml down` stops the containers (-v deletes the
# data).

answers() {
  for _ in $(seq 60); do
    # Any HTTP response is sufficient, because DynamoDB refuses requests without a signature.
    if docker compose -f localstack/docker-compose.yml exec -T redis redis-cli ping >/dev/null 2>&1 &&
      curl -s -o /dev/null http://127.0.0.1:8000/; then
      return 0
    fi
    sleep 0.5
  done
  echo 'Redis or DynamoDB did not answer within 30 s: docker compose -f localstack/docker-compose.yml logs' >&2
  return 1
}

docker compose -f localstack/docker-compose.yml up -d && answers &&
  export REDIS_URL=redis://127.0.0.1:6379 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000 &&
  echo "REDIS_URL=$REDIS_URL" &&
  echo "AWS_ENDPOINT_URL_DYNAMODB=$AWS_ENDPOINT_URL_DYNAMODB"
