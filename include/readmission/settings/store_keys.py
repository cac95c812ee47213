"""The keys of the object store's users, under the names that ``k8s/secrets.sh`` gives them."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class StoreKeys(BaseSettings):
    """Access key and secret key of each user; Compose and Kubernetes set the variables."""

    s3_access_key: str
    s3_secret_key: SecretStr
    docs_access_key: str
    docs_secret_key: SecretStr
    monitoring_access_key: str
    monitoring_secret_key: SecretStr
    backup_access_key: str
    backup_secret_key: SecretStr
    restore_access_key: str
    restore_secret_key: SecretStr
