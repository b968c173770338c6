# Local Mode(디버깅 모드)
from sagemaker.local import LocalSession
from pathlib import Path
source_code_directory = "code"

sagemaker_session = LocalSession()                      # Local 세션 설정
sagemaker_session.config = {
    'local' : {'local_code':True}
}
data_path = f'file://{Path.cwd()}/dataset'              # Notebook 인스턴스 내 데이터셋 경로
source_dir = f'{Path.cwd()}/{source_code_directory}'    # 학습 스크립트가 들어 있는 폴더 경로
checkpoint_s3_bucket = None
instance_type = 'local'                             # 인스턴스 타입; gpu인 경우(local_gpu)

# Train Mode
import sagemaker

sagemaker_session = sagemaker.Session()                     # SageMaker 세션 설정
result_bucket = sagemaker_session.default_bucket()
source_dir = f'{source_code_directory}'                     # 학습 스크립트가 들어 있는 폴더 경로
checkpoint_s3_bucket = f's3://{result_bucket}/checkpoints'  # Checkpoint 파일 저장 위치
instance_type = 'ml.p4d.24xlarge'                           # 인스턴스 타입

